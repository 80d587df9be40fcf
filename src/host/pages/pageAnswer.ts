import type { OutgoingHttpHeaders } from 'node:http';
import type { Handler } from '../server/nodeHandler.js';

export type PageRequest = Parameters<Handler>[0];
export type PageResponse = Parameters<Handler>[1];

/** Nothing from elsewhere, no script but ours, nothing inline, in no frame. `styleNonce`: of styles that a script may try out. */
export function pagePolicy(styleNonce?: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    styleNonce === undefined ? "style-src 'self'" : `style-src 'self' 'nonce-${styleNonce}'`,
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * What every answer for browsers says: no guessing of types, nothing of it in pages of others. The referrer goes to our own pages
 * alone; without one browsers would send a form without its origin.
 */
const always: OutgoingHttpHeaders = {
  'content-security-policy': pagePolicy(),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

export interface PageAnswer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Buffer;
  readonly headers?: OutgoingHttpHeaders;
}

/** Sends it; nothing is kept by anybody on the way unless its headers say so. */
export function answerPage(response: PageResponse, { status, type, body = '', headers = {} }: PageAnswer): void {
  const all: OutgoingHttpHeaders = {
    ...always,
    'cache-control': 'no-store',
    ...(type !== undefined && { 'content-type': type }),
    'content-length': Buffer.byteLength(body),
    ...headers,
  };
  response.statusCode = status;
  for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value);
  response.end(body);
}

/** To another page of ours. */
export function seeOther(location: string, headers: OutgoingHttpHeaders = {}): PageAnswer {
  return { status: 303, headers: { location, ...headers } };
}

export function html(status: number, body: string, headers: OutgoingHttpHeaders = {}): PageAnswer {
  return { status, type: 'text/html; charset=utf-8', body, headers };
}

export function json(status: number, value: object, headers: OutgoingHttpHeaders = {}): PageAnswer {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(value), headers };
}

/** A text between tags or in an attribute with double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

/** To another page of ours, asked for by a page of ours: that is when browsers send a cookie that is for no other page. */
export function throughOurselves(path: string): PageAnswer {
  const target = escapeHtml(path);
  return html(
    200,
    `<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><title>Muster</title><meta http-equiv="refresh" content="0;url=${target}"></head><body><a href="${target}">Muster</a></body></html>`,
  );
}
