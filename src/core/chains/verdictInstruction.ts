/** What a reviewer is told, so that its verdict can be read without guessing. */
export const verdictInstruction =
  'Say what you think of it with the tool `verdict` of the MCP server `muster`. If you do not have that tool, end your answer with ' +
  'exactly one of these lines, and nothing after it:\nVERDICT: approve\nVERDICT: request changes\nVERDICT: comment';
