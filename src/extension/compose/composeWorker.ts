import { parentPort } from 'node:worker_threads';
import { envFilesOf, layeredEnv, type EnvFileList } from '../../compose/environment.js';
import { ownValue } from '../../base/ownValue.js';
import { parseCompose, type ComposeResult } from '../../compose/parseCompose.js';
import type { ComposeWork } from './composeChecker.js';

/** The thread in which large compose files are read: one question, one answer. */
parentPort?.once('message', (work: ComposeWork) => parentPort?.postMessage(answer(work)));

function answer(work: ComposeWork): ComposeResult | EnvFileList {
  if (work.kind === 'envFiles') return envFilesOf(work.text);
  const { text, directoryName, files } = work.question;
  return parseCompose(text, { env: layeredEnv(files, name => ownValue(process.env, name)), directoryName });
}
