import { html, nothing, type TemplateResult } from 'lit';
import { actionsForNeed, type ThreadAction } from '../../src/protocol/webview/threadActions.js';
import { notice } from '../shared/notice.js';
import type { PageState } from './pageState.js';

type FailedPart = PageState['failures'] extends ReadonlyMap<infer Part, string> ? Part : never;

/** What stands between header and conversation: no host, something failed, or the thread needs a person. */
export function pageNotices(
  state: PageState,
  on: {
    readonly act: (action: ThreadAction) => void;
    readonly startHost: () => void;
    readonly reload: () => void;
    readonly dismiss: (what: FailedPart) => void;
  },
): TemplateResult {
  const { strings, connection, thread, failures } = state;
  const load = failures.get('load');
  const dismissible = (['transcript', 'action'] as const).flatMap(what => {
    const detail = failures.get(what);
    return detail === undefined ? [] : [{ what, detail }];
  });
  return html`<div class="notices">
    ${
      connection === 'offline'
        ? notice({
            tone: 'warning',
            icon: 'debug-disconnect',
            text: strings.hostOffline,
            detail: thread ? strings.hostOfflineHint : '',
            actions: [{ label: strings.startHost, onClick: on.startHost }],
          })
        : nothing
    }
    ${connection === 'connecting' ? notice({ tone: 'info', icon: 'loading', text: strings.hostConnecting }) : nothing}
    ${
      load === undefined
        ? nothing
        : notice({
            tone: 'error',
            text: strings.loadFailed,
            detail: load,
            actions: [{ label: strings.reload, onClick: on.reload }],
          })
    }
    ${dismissible.map(({ what, detail }) =>
      notice({
        tone: 'error',
        text: what === 'transcript' ? strings.transcriptFailed : strings.actionFailed,
        detail,
        dismiss: { label: strings.dismiss, onClick: () => on.dismiss(what) },
      }),
    )}
    ${
      thread?.status === 'needs_you' && thread.needs !== ''
        ? notice({
            tone: 'warning',
            icon: 'bell-dot',
            text: thread.needs,
            actions: actionsForNeed(thread).map(action => ({ label: strings[action], onClick: () => on.act(action) })),
          })
        : nothing
    }
  </div>`;
}
