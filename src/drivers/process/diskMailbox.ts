import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Letter, Mailbox } from '../../core/mail/mailbox.js';
import { readForeignFileSync } from '../../node/foreignFile.js';
import { systemCode } from '../../node/systemError.js';
import { runFiles, runPath, unwritable, writeWhole } from '../../node/runFiles.js';
import type { RunFolders } from './runFolderWatches.js';
import { jsonValue } from '../../base/jsonObject.js';

const askName = /^(\d{1,6})\.ask\.json$/;
/** A question with its detail has 16 kB; a verdict of two hundred findings fits as well. */
const maxLetterBytes = 512 * 1024;
/** Letters that are looked at together; the next look takes the next ones. */
const maxLetters = 50;
/** Files in the folder after which nothing of it is read any more. */
const maxFiles = 20_000;

/** Mailboxes of runs under `<stateDir>/runs`. Everything in one was written by an agent, except the answers. */
export class DiskMailbox implements Mailbox {
  readonly #folders: RunFolders;

  constructor(folders: RunFolders) {
    this.#folders = folders;
  }

  unanswered(run: RunId): readonly Letter[] {
    const folder = this.#folder(run);
    const names = listFolder(folder);
    if (names.length > maxFiles) return [];
    const there = new Set(names);
    return names
      .flatMap(name => askName.exec(name)?.[1] ?? [])
      .map(Number)
      .filter(number => !there.has(answerName(number)))
      .toSorted((a, b) => a - b)
      .slice(0, maxLetters)
      .flatMap(number => this.#read(run, folder, number));
  }

  answer(run: RunId, number: number, answer: Readonly<Record<string, unknown>>): void {
    const folder = this.#folder(run);
    if (!isFolder(folder)) return;
    const path = join(folder, answerName(number));
    try {
      writeWhole(path, JSON.stringify(answer));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  subscribe(run: RunId, notify: () => void): Disposable {
    return this.#folders.watches.subscribe(run, [runFiles.bell], notify);
  }

  #folder(run: RunId): string {
    return join(runPath(this.#folders.stateDir, run), runFiles.mail);
  }

  #read(run: RunId, folder: string, number: number): readonly Letter[] {
    const found = readForeignFileSync(join(folder, `${number}.ask.json`), { maxBytes: maxLetterBytes });
    if (found.kind === 'missing') return [];
    if (found.kind !== 'file' || found.truncated) return [{ number, body: undefined }];
    this.#folders.maskOf(run).hide(found.bytes, 0, found.bytes.length);
    return [{ number, body: jsonValue(found.bytes.toString('utf8')) }];
  }
}

function answerName(number: number): string {
  return `${number}.answer.json`;
}

/** A link in the place of the folder would lead the answers elsewhere. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function listFolder(path: string): readonly string[] {
  if (!isFolder(path)) return [];
  try {
    return readdirSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
