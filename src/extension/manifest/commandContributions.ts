import { cardMenu } from './cardMenu.js';
import type { CommandEntry, MenuName, MenuPlace } from './commandEntry.js';
import { commandsOnThreads, commandTable } from './commandTable.js';
import { submenuTable } from './submenuTable.js';
import type { ManifestTexts } from './texts.js';

type Entries = readonly (readonly [id: string, entry: CommandEntry])[];

const entries: Entries = Object.entries<CommandEntry>(commandTable);

/** The palette lists a command on a thread where there may be one to pick. */
const withThreads = 'muster.hasThreads';

/** `contributes.commands` */
export function commandContributions(texts: ManifestTexts): readonly unknown[] {
  return entries.map(([id, entry]) => ({
    command: id,
    title: texts.add(`command.${nameOf(id)}.title`, entry.title),
    category: texts.add('category', 'Muster'),
    ...(entry.icon === undefined ? {} : { icon: entry.icon }),
    ...(entry.enablement === undefined ? {} : { enablement: entry.enablement }),
  }));
}

/** `contributes.submenus` */
export function submenuContributions(texts: ManifestTexts): readonly unknown[] {
  return Object.entries(submenuTable).map(([id, { title }]) => ({
    id,
    label: texts.add(`submenu.${nameOf(id)}`, title),
  }));
}

/** `contributes.menus` */
export function menuContributions(): Readonly<Record<string, readonly unknown[]>> {
  const menus = new Map<MenuName, unknown[]>();
  const add = (what: Readonly<Record<string, string>>, places: readonly MenuPlace[]): void => {
    for (const { menu, when, group } of places) {
      const items = menus.get(menu) ?? [];
      items.push({ ...what, when, group });
      menus.set(menu, items);
    }
  };
  for (const [command, entry] of entries) add({ command }, entry.menus ?? []);
  for (const { command, ...place } of cardMenu) add({ command }, [{ menu: 'webview/context', ...place }]);
  for (const [submenu, { places }] of Object.entries(submenuTable)) add({ submenu }, places);
  return {
    commandPalette: entries.flatMap(([command, entry]) => {
      const when = entry.palette ?? (Object.hasOwn(commandsOnThreads, command) ? withThreads : undefined);
      return when === undefined ? [] : [{ command, when }];
    }),
    ...Object.fromEntries([...menus].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** `contributes.keybindings` */
export function keybindingContributions(): readonly unknown[] {
  return entries.flatMap(([command, { key }]) =>
    key === undefined
      ? []
      : [{ command, key: key.key, ...(key.mac === undefined ? {} : { mac: key.mac }), when: key.when }],
  );
}

function nameOf(id: string): string {
  return id.replace(/^muster\./, '');
}
