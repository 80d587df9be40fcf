import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { ownValue } from '../../base/ownValue.js';
import { AppError } from '../../base/errors.js';

/** Values of the variables that a file names, and no others: nothing else of this process's environment is sent. */
export async function interpolatedVariables(path: string): Promise<Record<string, string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('compose.unreadable', vscode.l10n.t('The compose file cannot be read: {0}', reason), {
      file: path,
      reason,
    });
  }
  const values: Record<string, string> = {};
  for (const [, name] of text.matchAll(/\$\{([A-Za-z_]\w*)/g)) {
    const value = name === undefined ? undefined : ownValue(process.env, name);
    if (name !== undefined && value !== undefined) values[name] = value;
  }
  return values;
}
