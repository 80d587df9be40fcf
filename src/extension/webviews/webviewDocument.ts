/**
 * Writes the HTML of a webview. Values are escaped; `element` is a literal of the code. The `csp-nonce` property is where
 * the widget toolkit looks for permission to try out a style.
 */
export function webviewDocument(options: {
  readonly nonce: string;
  /** `webview.cspSource`: where the extension's own files come from. */
  readonly source: string;
  readonly styles: readonly string[];
  readonly script: string;
  readonly element: string;
  readonly title: string;
  readonly language: string;
}): string {
  const { nonce, source, styles, script, element, title, language } = options;
  const policy = [
    "default-src 'none'",
    `style-src ${source} 'nonce-${nonce}'`,
    `font-src ${source}`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const links = styles.map(href => `<link rel="stylesheet" href="${escape(href)}">`).join('\n');
  return `<!DOCTYPE html>
<html lang="${escape(language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta property="csp-nonce" content="${escape(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
${links}
<title>${escape(title)}</title>
</head>
<body>
<${element}></${element}>
<script nonce="${escape(nonce)}" src="${escape(script)}"></script>
</body>
</html>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
