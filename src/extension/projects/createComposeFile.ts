import * as vscode from 'vscode';
import { composeTemplates, fillTemplate } from './composeTemplates.js';
import { showInformation } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';

const composeNames = ['agent-compose.yml', 'agent-compose.yaml'] as const;

export interface CreateOptions {
  /** Offer to apply what was made. */
  readonly offers: boolean;
  /** A folder of the explorer; anything else leaves it to the window's folders. */
  readonly target?: unknown;
}

/** A folder that a first compose file may belong into. */
interface Place {
  readonly name: string;
  readonly folder: vscode.Uri;
  /** The compose file that is there already. */
  readonly existing: vscode.Uri | undefined;
}

/**
 * Writes a first compose file from a template and opens it. Never replaces a file: where one is, that is opened. Of several
 * folders those are meant that have none.
 */
export async function createComposeFile({ offers, target }: CreateOptions): Promise<void> {
  const places = await placesFor(target);
  if (places.length === 0) {
    void showInformation(vscode.l10n.t('Open a folder first: the compose file belongs into it.'));
    return;
  }
  const place = await meantPlace(places);
  if (!place) return;
  if (place.existing) {
    await vscode.window.showTextDocument(place.existing);
    return;
  }
  const rows = composeTemplates().map(template => ({ ...template, iconPath: new vscode.ThemeIcon('robot') }));
  const title = places.length > 1 ? { title: vscode.l10n.t('Create Compose File in {0}', place.name) } : {};
  const picked = await pickRow(rows, { ...title, placeHolder: vscode.l10n.t('Who is in your crew?') });
  if (!picked) return;
  const file = vscode.Uri.joinPath(place.folder, composeNames[0]);
  await vscode.workspace.fs.writeFile(file, Buffer.from(fillTemplate(picked.yaml, place.name)));
  await vscode.window.showTextDocument(file);
  if (!vscode.workspace.isTrusted || !offers) return;
  const apply = vscode.l10n.t('Apply');
  const text = vscode.l10n.t('Apply the compose file to make its agents available.');
  if ((await showInformation(text, apply)) === apply) {
    await vscode.commands.executeCommand('muster.applyProject', file);
  }
}

async function placesFor(target: unknown): Promise<readonly Place[]> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ name, uri }) => ({ name, folder: uri }));
  const meant =
    target instanceof vscode.Uri ? [{ name: target.path.split('/').at(-1) ?? '', folder: target }] : folders;
  return Promise.all(meant.map(async each => ({ ...each, existing: await composeFileIn(each.folder) })));
}

/** Asks where more than one folder may be meant. */
async function meantPlace(places: readonly Place[]): Promise<Place | undefined> {
  if (places.length === 1) return places[0];
  const bare = places.filter(({ existing }) => !existing);
  if (bare.length === 1) return bare[0];
  const rows = [...bare, ...places.filter(({ existing }) => existing)].map(place => ({
    label: place.name,
    description: place.existing ? vscode.l10n.t('has a compose file, which is opened') : '',
    iconPath: new vscode.ThemeIcon(place.existing ? 'go-to-file' : 'new-file'),
    place,
  }));
  const placeHolder =
    bare.length === 0
      ? vscode.l10n.t('Each folder has a compose file. Which one should be opened?')
      : vscode.l10n.t('In which folder?');
  return (await pickRow(rows, { placeHolder }))?.place;
}

async function composeFileIn(folder: vscode.Uri): Promise<vscode.Uri | undefined> {
  for (const name of composeNames) {
    const file = vscode.Uri.joinPath(folder, name);
    if (await exists(file)) return file;
  }
  return undefined;
}

/** VS Code's file system has no other way to ask. */
async function exists(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
    return true;
  } catch {
    return false;
  }
}
