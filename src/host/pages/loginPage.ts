import { escapeHtml } from './pageAnswer.js';

/** What the page offers, and what came of the last try. */
export interface LoginPage {
  /** Where to go afterwards: a path of ours. */
  readonly next: string;
  readonly user: string;
  /** Somebody could log in with a password. */
  readonly passwords: boolean;
  /** Another service that people log in with. */
  readonly provider?: string;
  readonly error: string;
}

/** The page on which people log in. It needs no script. */
export function loginPage({ next, user, passwords, provider, error }: LoginPage): string {
  const complaint = error === '' ? '' : `<p class="login-error" role="alert">${escapeHtml(error)}</p>`;
  const target = `<input type="hidden" name="next" value="${escapeHtml(next)}">`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in · Muster</title>
<link rel="icon" href="/assets/icon.png">
<link rel="stylesheet" href="/assets/login.css">
</head>
<body>
<main class="login">
<h1><img src="/assets/icon.png" alt="" width="32" height="32">Muster</h1>
${complaint}
${provider === undefined ? '' : providerLink(next, provider)}
${passwords ? passwordForm(target, user) : ''}
${tokenForm(target, passwords || provider !== undefined)}
</main>
</body>
</html>
`;
}

function providerLink(next: string, provider: string): string {
  const href = escapeHtml(`/oauth/authorize?next=${encodeURIComponent(next)}`);
  return `<a class="login-elsewhere" href="${href}">Log in with ${escapeHtml(provider)}</a>`;
}

function passwordForm(target: string, user: string): string {
  return `<form method="post" action="/login">
${target}
<label>User<input name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${escapeHtml(user)}"></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>`;
}

function tokenForm(target: string, isSecond: boolean): string {
  const form = `<form method="post" action="/login">
${target}
<label>Token<input name="token" type="password" autocomplete="off" spellcheck="false" required></label>
<button>Log in with token</button>
<p class="login-hint">Where the host runs, <code>muster token create</code> makes a token and <code>muster password set</code> lets you log in with a password.</p>
</form>`;
  return isSecond ? `<details><summary>Use a token</summary>${form}</details>` : form;
}
