/** True for what every git takes as the beginning of a branch name, so that nobody learns of a bad one at the first dispatch. */
export function isBranchPrefix(text: string): boolean {
  return /^(?!.*(?:\.\.|\/\/|\/\.|\.lock\/))[A-Za-z0-9][\w./-]*$/.test(text);
}
