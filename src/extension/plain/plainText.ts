/** Longer texts do not fit what VS Code shows of a message. */
const maximumMessage = 2_000;

/** What a terminal would colour with. */
const terminalSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;
/** Controls except tab and line feed, and the characters that make text run backwards. */
const hiddenCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Takes no room; between the two characters it keeps VS Code from reading them as the start of something. */
const joiner = '\u2060';

/**
 * The text as it reads, and nothing else. VS Code turns `[words](command:…)` in messages, progress and input boxes into
 * links that run commands, and `$(name)` in rows into icons: what an agent, a file or git wrote must do neither.
 */
export function plainText(text: string): string {
  return text
    .replace(terminalSequences, '')
    .replace(/\r\n?/g, '\n')
    .replace(hiddenCharacters, '')
    .replace(/\](?=\()/g, `]${joiner}`)
    .replace(/\$(?=\()/g, `$${joiner}`);
}

/**
 * {@link plainText} for the title of a discussion: VS Code writes three characters of it out as entities, and then shows those as
 * they are. What stands in their place looks the same.
 */
export function plainTitle(text: string): string {
  return plainText(text).replaceAll('<', '‹').replaceAll('>', '›').replaceAll('&', '＆');
}

/** A name or command between back-ticks. */
const ticked = /(?<=^|[\s("])`([^`]+)`(?=$|[\s.,;:!?)"])/g;

/**
 * {@link plainText} for places where no code is set in letters of its own: names and commands stand in quotes, not between
 * back-ticks. A line with an odd number of ticks has some of its own, as commands of a shell do, and is left as it is.
 */
export function spokenText(text: string): string {
  const plain = plainText(text);
  if (!plain.includes('`')) return plain;
  return plain
    .split('\n')
    .map(line => ((line.split('`').length - 1) % 2 === 1 ? line : line.replace(ticked, '“$1”')))
    .join('\n');
}

/** {@link spokenText}, cut to what a message has room for. */
export function plainMessage(text: string): string {
  const plain = spokenText(text);
  return plain.length <= maximumMessage ? plain : `${plain.slice(0, maximumMessage - 1)}…`;
}
