import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { webviewDocument } from './webviewDocument.js';

/** The folder that webviews may load from; nothing else of the disk is readable for them. */
export function webviewRoot(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
}

/** The document of a webview: one bundled script and its styles, under a policy that allows nothing else. */
export function webviewHtml(options: {
  readonly webview: vscode.Webview;
  readonly extensionUri: vscode.Uri;
  /** Name of the bundle in `dist/webview`. */
  readonly bundle: 'threadPage' | 'board';
  /** Custom element that draws the view. */
  readonly element: string;
  readonly title: string;
}): string {
  const { webview, extensionUri, bundle, element, title } = options;
  const file = (name: string): string =>
    String(webview.asWebviewUri(vscode.Uri.joinPath(webviewRoot(extensionUri), name)));
  return webviewDocument({
    nonce: randomBytes(18).toString('base64'),
    source: webview.cspSource,
    styles: [file('codicon.css'), file(`${bundle}.css`)],
    script: file(`${bundle}.js`),
    element,
    title,
    language: vscode.env.language,
  });
}
