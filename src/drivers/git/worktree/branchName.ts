import { failureOf } from '../command/gitFailure.js';

/**
 * Names for a thread's branch, the wanted one first. Git keeps refs as files: a branch `muster` leaves no room for
 * `muster/fix-login`, and one named `muster/fix-login/more` none for it either.
 */
export function branchNames(wanted: string): readonly string[] {
  const slash = wanted.indexOf('/');
  if (slash < 0) return [wanted, `${wanted}-thread`];
  const [folder, rest] = [wanted.slice(0, slash), wanted.slice(slash + 1)];
  return [wanted, `${folder}-threads/${rest}`, `${folder}-${rest.replaceAll('/', '-')}`];
}

/** Does `work` with the first name that git has room for. */
export async function withFreeBranch<T>(wanted: string, work: (branch: string) => Promise<T>): Promise<T> {
  const names = branchNames(wanted);
  for (const [index, branch] of names.entries()) {
    try {
      return await work(branch);
    } catch (error) {
      if (failureOf(error) !== 'ref_clash' || index === names.length - 1) throw error;
    }
  }
  throw new Error('There is always one name');
}
