/** The only file that shows messages, asks in dialogs and reports progress: whatever the words, they are plain. */
import * as vscode from 'vscode';
import { plainMessage, spokenText } from './plainText.js';
import { windowClosing } from '../windowClosing.js';

/** A question that must be answered before anything else. */
export interface Question {
  readonly text: string;
  /** Smaller, below the question. Never cut: what is agreed to must be readable whole. */
  readonly detail?: string;
}

export async function showInformation(text: string, ...buttons: readonly string[]): Promise<string | undefined> {
  return vscode.window.showInformationMessage(plainMessage(text), ...buttons);
}

export async function showWarning(text: string, ...buttons: readonly string[]): Promise<string | undefined> {
  return vscode.window.showWarningMessage(plainMessage(text), ...buttons);
}

export async function showError(text: string, ...buttons: readonly string[]): Promise<string | undefined> {
  return vscode.window.showErrorMessage(plainMessage(text), ...buttons);
}

/** A modal question; the answer is the label of the button, or undefined when it was dismissed. */
export async function askModally(
  { text, detail }: Question,
  ...buttons: readonly string[]
): Promise<string | undefined> {
  const options = { modal: true, ...(detail === undefined ? {} : { detail: spokenText(detail) }) };
  return vscode.window.showWarningMessage(plainMessage(text), options, ...buttons);
}

/** Words in the status bar for a moment, behind a check mark: what was asked for is done. */
export function showDone(text: string, milliseconds = 5_000): void {
  vscode.window.setStatusBarMessage(`$(check) ${plainMessage(text)}`, milliseconds);
}

/** Runs one call with progress in the status bar; the signal aborts when the window closes. */
export async function whileWaiting<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: plainMessage(title) }, () =>
    work(windowClosing),
  );
}

/** The same as a notification with a cancel button, for what may take longer than a moment. */
export async function whileWaitingCancellable<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: plainMessage(title), cancellable: true },
    async (_, token) => {
      const controller = new AbortController();
      const subscription = token.onCancellationRequested(() => controller.abort());
      try {
        return await work(controller.signal);
      } finally {
        subscription.dispose();
      }
    },
  );
}
