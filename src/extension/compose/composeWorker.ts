import { parentPort } from 'node:worker_threads';
import { layeredEnv } from '../../compose/environment.js';
import { ownValue } from '../../base/ownValue.js';
import { parseCompose } from '../../compose/parseCompose.js';
import type { ComposeQuestion } from './composeChecker.js';

/** The thread in which large compose files are checked: one question, one answer. */
parentPort?.once('message', ({ text, directoryName, files }: ComposeQuestion) => {
  const env = layeredEnv(files, name => ownValue(process.env, name));
  parentPort?.postMessage(parseCompose(text, { env, directoryName }));
});
