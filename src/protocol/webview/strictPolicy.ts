import { config } from 'zod/mini';

/**
 * Import this first in a webview: zod otherwise probes whether it may compile its parsers, and a strict policy reports
 * the attempt as a violation.
 */
config({ jitless: true });
