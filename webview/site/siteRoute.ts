/** What is shown, as the address says. */
export type SiteRoute =
  | { readonly page: 'board' }
  | { readonly page: 'thread'; readonly threadId: string }
  | { readonly page: 'changes'; readonly threadId: string; readonly file: string }
  | { readonly page: 'dispatch'; readonly project: string; readonly agent: string }
  | { readonly page: 'settings' };

/** Reads an address of this host; anything else is the board. */
export function parseRoute({ pathname, search }: { readonly pathname: string; readonly search: string }): SiteRoute {
  const [, threadId, changes] = /^\/threads\/([0-9a-z]{12})(\/changes)?$/.exec(pathname) ?? [];
  const query = new URLSearchParams(search);
  const ask = (name: string): string => query.get(name) ?? '';
  if (threadId !== undefined)
    return changes === undefined ? { page: 'thread', threadId } : { page: 'changes', threadId, file: ask('file') };
  if (pathname === '/dispatch') return { page: 'dispatch', project: ask('project'), agent: ask('agent') };
  return pathname === '/settings' ? { page: 'settings' } : { page: 'board' };
}

/** The address of what is to be shown. */
export function pathOf(route: SiteRoute): string {
  switch (route.page) {
    case 'board':
      return '/';
    case 'thread':
      return `/threads/${route.threadId}`;
    case 'changes':
      return withQuery(`/threads/${route.threadId}/changes`, { file: route.file });
    case 'dispatch':
      return withQuery('/dispatch', { project: route.project, agent: route.agent });
    case 'settings':
      return '/settings';
  }
}

function withQuery(path: string, values: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ''));
  return query.size === 0 ? path : `${path}?${query}`;
}
