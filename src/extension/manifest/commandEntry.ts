/** One command of the table. Texts are English; translations are found by the keys generated from the id. */
export interface CommandEntry {
  readonly title: string;
  /** A codicon, `$(name)`. */
  readonly icon?: string;
  /** When the palette lists it; `never` for commands that need an argument. Default: always. */
  readonly palette?: string;
  readonly enablement?: string;
  readonly menus?: readonly MenuPlace[];
  readonly key?: KeyBinding;
}

export interface MenuPlace {
  readonly menu: MenuName;
  readonly when: string;
  /** `inline`, `navigation`, … with an order: `inline@1`. */
  readonly group: string;
}

export type MenuName =
  | 'comments/comment/context'
  | 'comments/comment/title'
  | 'comments/commentThread/context'
  | 'comments/commentThread/title'
  | 'editor/context'
  | 'editor/title'
  | 'explorer/context'
  | 'notebook/toolbar'
  | 'view/item/context'
  | 'view/title'
  | 'webview/context'
  | SubmenuName;

/** Menus behind an entry of another menu; `submenuTable` says where they are. */
export type SubmenuName = 'muster.mergeMenu' | 'muster.worktreeMenu' | 'muster.copyMenu';

interface KeyBinding {
  readonly key: string;
  readonly mac?: string;
  readonly when: string;
}

/** Never listed in the palette. */
export const never = 'false';
/** Nothing executes in a folder the person does not trust. */
export const trusted = 'isWorkspaceTrusted';
