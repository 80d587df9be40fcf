import * as vscode from 'vscode';
import { until } from './registry.js';

/** Texts of the two sides of a file in the review in front. */
export async function sides(threadId: string, signal: AbortSignal) {
  return until(
    'both sides of src/greet.js are shown',
    () => {
      const documents = vscode.workspace.textDocuments;
      const ofFile = documents.filter(
        ({ uri }) => uri.scheme === 'muster-review' && uri.authority === threadId && uri.path === '/src/greet.js',
      );
      const current = ofFile.find(({ uri }) => uri.query.includes('"at":"work"'));
      const base = ofFile.find(document => document !== current);
      return base && current ? { base, current } : undefined;
    },
    signal,
  );
}
