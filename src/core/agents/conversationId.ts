/**
 * True for an id that may be handed back to the CLI. It comes from what an agent printed: an empty one would resume nothing or
 * anything, and one that begins with a dash would be an option.
 */
export function isConversationId(id: string): boolean {
  return /^[^\s\p{C}-][^\s\p{C}]{0,499}$/u.test(id);
}
