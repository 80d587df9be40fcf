import * as vscode from 'vscode';
import { settingTable, type SettingId } from './manifest/settingTable.js';

interface Values {
  readonly boolean: boolean;
  readonly number: number;
  readonly string: string;
  readonly enum: string;
}

type Value<K extends SettingId> = Values[(typeof settingTable)[K]['type']];

/** The value of a setting; its default when a settings file holds something of another type. */
export function readSetting<K extends SettingId>(id: K, scope?: vscode.ConfigurationScope): Value<K>;
export function readSetting(id: SettingId, scope?: vscode.ConfigurationScope): boolean | number | string {
  const entry = settingTable[id];
  const value = vscode.workspace.getConfiguration(undefined, scope).get<unknown>(id);
  if (typeof entry.default === 'boolean') return typeof value === 'boolean' ? value : entry.default;
  if (typeof entry.default === 'number') return typeof value === 'number' ? value : entry.default;
  return typeof value === 'string' ? value : entry.default;
}

/** Calls `changed` whenever one of the settings may have another value. */
export function onSettingChange(ids: readonly SettingId[], changed: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration(event => {
    if (ids.some(id => event.affectsConfiguration(id))) changed();
  });
}
