/** Where agents can run with this version: the names that `driver` of a compose file takes and the host starts something in. */
export const startedDrivers: readonly string[] = ['process', 'docker', 'kubernetes', 'microsandbox', 'boxlite'];
