import * as vscode from 'vscode';

/** The extension by which VS Code opens a folder inside a container. */
export const devContainers = 'ms-vscode-remote.remote-containers';

/** The workspace of a container, as that extension addresses it. */
export function attachedFolder(container: string): vscode.Uri {
  const authority = Buffer.from(JSON.stringify({ containerName: `/${container}` })).toString('hex');
  return vscode.Uri.parse(`vscode-remote://attached-container+${authority}/workspace`);
}
