import { AppError } from '../../base/errors.js';

/** Words of agent-compose's command line that this version does not have, with what to do instead. */
const words: Readonly<Record<string, string>> = {
  auth: 'The host listens on a socket of this user and needs no login.',
  cache: 'Images are what is kept: `muster images` lists them, `muster image prune` removes those that nobody needs.',
};

/** The error for a command, of one word or two, that agent-compose has and this version has not; undefined for every other. */
export function unsupportedCommand(name: string): AppError<'feature.unsupported'> | undefined {
  const instead = Object.hasOwn(words, name) ? words[name] : undefined;
  return instead === undefined ? undefined : unsupported(`\`${name}\``, instead);
}

/** The error for a part of agent-compose's command line that this version does not have. `instead` is a sentence. */
export function unsupported(feature: string, instead: string): AppError<'feature.unsupported'> {
  return new AppError('feature.unsupported', `${feature} is not supported by this version. ${instead}`, {
    feature,
    reason: instead,
  });
}
