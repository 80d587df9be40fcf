import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { manifestFiles } from '../../../src/build/generateManifest.ts';
import type { CommandEntry } from '../../../src/extension/manifest/commandEntry.js';
import { commandsOnThreads, commandTable } from '../../../src/extension/manifest/commandTable.js';
import { generateContributions } from '../../../src/extension/manifest/contributions.js';
import { submenuTable } from '../../../src/extension/manifest/submenuTable.js';
import { welcomeTable } from '../../../src/extension/manifest/viewTable.js';
import { walkthroughSteps } from '../../../src/extension/manifest/walkthroughTable.js';

const inCheckout = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

it('what is generated is what is checked in; otherwise run npm run generate', async () => {
  for (const { path, text } of await manifestFiles()) {
    expect(JSON.parse(await readFile(inCheckout(path), 'utf8')), path).toEqual(JSON.parse(text));
  }
});

describe('the manifest', () => {
  const manifest = generateContributions();

  it('has a text for every key it names, and no text that nothing names', () => {
    const { texts, ...rest } = manifest;
    const named = [...JSON.stringify(rest).matchAll(/%([\w.]+)%/g)].map(([, key]) => key);
    expect(new Set(named)).toEqual(new Set(Object.keys(texts)));
  });

  it('names only files that exist', () => {
    const files = [...JSON.stringify(manifest.contributes).matchAll(/"(?:\.\/)?((?:media|syntaxes)\/[\w./]+)"/g)];
    const paths = [...files.map(([, path]) => path ?? ''), manifest.icon];
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter(path => !existsSync(inCheckout(path)))).toEqual([]);
  });

  it('has no back-ticks where VS Code shows them as they are, and no code that is cut beside a walkthrough', async () => {
    const shown = [...welcomeTable.map(({ contents }) => contents), ...walkthroughSteps.map(each => each.description)];
    expect(shown.filter(text => text.includes('`'))).toEqual([]);
    const translated: unknown = JSON.parse(await readFile(inCheckout('package.nls.de.json'), 'utf8'));
    const german = Object.entries(translated ?? {}).filter(([key]) => /^(?:welcome|walkthrough)\./.test(key));
    expect(german.filter(([, text]) => String(text).includes('`'))).toEqual([]);
    for (const { media } of walkthroughSteps) {
      const text = await readFile(inCheckout(`media/walkthrough/${media}`), 'utf8');
      const code = text.split('```').filter((_, index) => index % 2 === 1);
      const lines = code.flatMap(block => block.split('\n'));
      // So many letters fit beside the steps in a window of 1,440 px.
      expect(lines.filter(line => line.length > 40)).toEqual([]);
    }
  });

  it('has an icon for every command that is drawn inline or in a title', () => {
    const bare = Object.entries(commandTable).filter(
      ([, entry]) =>
        !('icon' in entry) && 'menus' in entry && entry.menus.some(({ group }) => /^(inline|navigation)/.test(group)),
    );
    expect(bare.map(([id]) => id)).toEqual([]);
  });

  it('has everything that stands beside a row in the menu of that row, too, where the keyboard gets at it', () => {
    const places = Object.entries<CommandEntry>(commandTable).flatMap(([id, { menus = [] }]) =>
      menus
        .filter(({ menu }) => menu === 'view/item/context' || Object.hasOwn(submenuTable, menu))
        .map(place => ({ id, ...place })),
    );
    const viewOf = (when: string): string => /view == ([\w.]+)/.exec(when)?.[1] ?? '';
    const inMenu = new Set(
      places.filter(({ group }) => !group.startsWith('inline')).map(({ id, when }) => `${id} ${viewOf(when)}`),
    );
    const beside = places
      .filter(({ group }) => group.startsWith('inline'))
      .map(({ id, when }) => `${id} ${viewOf(when)}`);
    expect(beside.length).toBeGreaterThan(10);
    expect(beside.filter(each => !inMenu.has(each))).toEqual([]);
  });

  it('lists commands on threads in the palette only where there may be one', () => {
    const { menus } = JSON.parse(JSON.stringify(manifest.contributes)) as {
      menus: { commandPalette: readonly { command: string; when: string }[] };
    };
    const whens = new Map(menus.commandPalette.map(({ command, when }) => [command, when]));
    expect(whens.get('muster.review')).toBe('muster.hasThreads');
    expect(whens.get('muster.removeWorktree')).toBe('muster.hasThreads');
    expect(whens.get('muster.findInThread')).toContain('activeWebviewPanelId');
    const always = Object.keys(commandsOnThreads).filter(id => !whens.has(id));
    expect(always).toEqual([]);
  });

  it('links only to commands that exist', () => {
    const texts = [...welcomeTable.map(({ contents }) => contents), ...walkthroughSteps.map(step => step.description)];
    const linked = texts.flatMap(text => [...text.matchAll(/\(command:(muster\.\w+)/g)].map(([, id]) => id));
    expect(linked.filter(id => !(id !== undefined && Object.hasOwn(commandTable, id)))).toEqual([]);
  });

  it('lets nothing that a repository could set choose what is executed', () => {
    const properties = JSON.parse(JSON.stringify(manifest.contributes))['configuration'].properties;
    for (const id of ['muster.host.mode', 'muster.host.nodePath', 'muster.stateDirectory']) {
      expect(properties[id].scope, id).toBe('machine');
    }
  });

  it('starts with nothing but a compose file, a view, a command or a restored editor', () => {
    expect(
      manifest.activationEvents.filter(
        event => !/^(workspaceContains|onWebviewPanel|onFileSystem|onNotebook):/.test(event),
      ),
    ).toEqual([]);
  });
});
