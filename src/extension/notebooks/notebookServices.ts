import type * as vscode from 'vscode';
import type { Log } from '../../base/log.js';
import type { HostConnection } from '../host/hostConnection.js';

/** What guest notebooks need of the extension. */
export interface NotebookServices {
  readonly context: vscode.ExtensionContext;
  readonly log: Log;
  readonly host: HostConnection;
}
