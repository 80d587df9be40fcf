import { escapeHtml, html, pagePolicy, type PageAnswer } from './pageAnswer.js';

/** Addresses that the one document answers; which page it shows its script reads from the address. */
const paths: readonly RegExp[] = [/^\/$/, /^\/threads\/[0-9a-z]{12}(\/changes)?$/, /^\/dispatch$/, /^\/settings$/];

/** True for the address of a page. */
export function isSitePath(path: string): boolean {
  return paths.some(pattern => pattern.test(path));
}

/**
 * The document of board, threads and settings. Its nonce is for styles alone: the widget toolkit looks for it in `csp-nonce` before it
 * tries out a style.
 */
export function sitePage(nonce: string): PageAnswer {
  return html(
    200,
    `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta property="csp-nonce" content="${escapeHtml(nonce)}">
<title>Muster</title>
<link rel="icon" href="/assets/icon.png">
<link rel="manifest" href="/assets/manifest.webmanifest">
<link rel="stylesheet" href="/assets/codicon.css">
<link rel="stylesheet" href="/assets/site.css">
</head>
<body>
<muster-site></muster-site>
<script src="/assets/site.js"></script>
</body>
</html>
`,
    { 'content-security-policy': pagePolicy(nonce) },
  );
}
