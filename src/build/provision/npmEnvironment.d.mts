/** The environment without what an outer npm put into it, as if the person had called the program in a terminal. */
export function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
