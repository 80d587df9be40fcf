import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { test } from './registry.js';

test('the extension is found and activates', async () => {
  const extension = vscode.extensions.getExtension('muster.muster');
  assert.ok(extension, 'muster.muster is not installed');
  await extension.activate();
  assert.equal(extension.isActive, true);
});

test('every command of the manifest is registered', async () => {
  const extension = vscode.extensions.getExtension('muster.muster');
  const declared: readonly { readonly command: string }[] = extension?.packageJSON.contributes.commands;
  const registered = new Set(await vscode.commands.getCommands(true));
  assert.ok(declared.length > 0);
  assert.deepEqual(
    declared.map(({ command }) => command).filter(command => !registered.has(command)),
    [],
  );
});
