/**
 * Removes Amazon's variables that are empty: a workflow hands them over that way where it has no such secret or input,
 * and an empty region would be taken for the name of one, before what the machine is set up with.
 */
export function dropUnset(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) if (name.startsWith('AWS_') && value === '') delete env[name];
}
