import { randomBytes } from 'node:crypto';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Handler } from '../server/nodeHandler.js';
import type { Visitors } from '../server/visitors.js';
import type { PageAssets } from './assets.js';
import type { LoginRoutes } from './loginRoutes.js';
import { answerPage, seeOther, throughOurselves, type PageAnswer, type PageRequest } from './pageAnswer.js';
import { isSitePath, sitePage } from './sitePage.js';

export interface PagesOptions {
  readonly visitors: Visitors;
  readonly logins: LoginRoutes;
  readonly assets: PageAssets;
  readonly log: Log;
}

/** What browsers see, in front of the calls: the login, and the files that pages are made of. */
export function withPages(options: PagesOptions, otherwise: Handler): Handler {
  const { visitors, log } = options;
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://host');
    const page = answerOf(options, request, url);
    if (page) {
      page.then(
        answer => answerPage(response, answer),
        (error: unknown) => {
          log.error('A page could not be answered', { path: url.pathname, reason: errorMessage(error) });
          answerPage(response, { status: 500, type: 'text/plain', body: 'The host met an unexpected error.\n' });
        },
      );
      return;
    }
    void visitors.recognise(request, { own: true }).then(
      found => {
        if (found.kind === 'foreign')
          answerPage(response, {
            status: 403,
            type: 'text/plain',
            body: 'This host answers no pages of other origins.\n',
          });
        else if (found.kind === 'paused')
          answerPage(response, {
            status: 429,
            type: 'text/plain',
            body: 'Wrong passwords came from there too often.\n',
            headers: { 'retry-after': String(found.seconds) },
          });
        else otherwise(request, response);
      },
      (error: unknown) => {
        log.error('A request could not be recognised', { reason: errorMessage(error) });
        answerPage(response, { status: 500, type: 'text/plain', body: 'The host met an unexpected error.\n' });
      },
    );
  };
}

function answerOf(options: PagesOptions, request: PageRequest, url: URL): Promise<PageAnswer> | undefined {
  const { logins, assets } = options;
  const isPage = request.method === 'GET' && isSitePath(url.pathname);
  return (
    logins.answer(request, url) ??
    assets.answer(request, url.pathname) ??
    (isPage ? siteOrLogin(options, request, url) : undefined)
  );
}

/** The page holds nothing that is anybody's; its calls have to pass the gate like all others. */
async function siteOrLogin({ visitors }: PagesOptions, request: PageRequest, url: URL): Promise<PageAnswer> {
  const { kind } = await visitors.recognise(request, { own: false });
  if (kind === 'visitor') return sitePage(randomBytes(18).toString('base64'));
  const here = `${url.pathname}${url.search}`;
  // A link on another page brings no cookie along; asked for once more by ourselves it is there, if there is one.
  if (kind === 'nobody' && request.headers['sec-fetch-site'] === 'cross-site') return throughOurselves(here);
  return seeOther(`/login?next=${encodeURIComponent(here)}`);
}
