/** A sentence for whoever loses nothing so far, and has nothing that keeps users out until a restore is done. */
export const hookInstead = 'With hooks.stop-traffic in the configuration file nobody is asked where nothing is lost.';
