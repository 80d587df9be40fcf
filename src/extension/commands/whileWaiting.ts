import * as vscode from 'vscode';

/** Runs one call with progress in the status bar; the signal aborts when the window closes. */
export async function whileWaiting<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
    work(new AbortController().signal),
  );
}

/** The same as a notification with a cancel button, for what may take longer than a moment. */
export async function whileWaitingCancellable<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
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
