import type * as vscode from 'vscode';
import type { Log } from '../base/log.js';

/** The extension's log on its output channel. */
export function channelLog(channel: vscode.LogOutputChannel): Log {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      channel[level](fields ? `${message} ${JSON.stringify(fields)}` : message);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
