import type { CommandEntry, MenuName } from './commandEntry.js';
import { commandsOnThreads, commandTable } from './commandTable.js';
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

/** `contributes.menus` */
export function menuContributions(): Readonly<Record<string, readonly unknown[]>> {
  const menus = new Map<MenuName, unknown[]>();
  for (const [command, entry] of entries) {
    for (const { menu, when, group } of entry.menus ?? []) {
      const items = menus.get(menu) ?? [];
      items.push({ command, when, group });
      menus.set(menu, items);
    }
  }
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
