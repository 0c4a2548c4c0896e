/** The collections that mongo-release keeps in a target. They are no part of backup, restore and comparison. */
export interface OwnNames {
  readonly prefix: string;
  readonly history: string;
  readonly lease: string;
  readonly journal: string;
  readonly releases: string;
  readonly quarantine: string;
  /** Name of the tombstone of the collection with this UUID (hex digits). */
  dropped(uuid: string): string;
  /** Name of a collection that is made for a moment, to be compared with another one. */
  compared(unique: string): string;
  /** Whether a collection of this name is ours. */
  owns(name: string): boolean;
}

export function ownNames(prefix = '_mongo_release'): OwnNames {
  return {
    prefix,
    history: `${prefix}.history`,
    lease: `${prefix}.lease`,
    journal: `${prefix}.journal`,
    releases: `${prefix}.releases`,
    quarantine: `${prefix}.quarantine`,
    dropped: (uuid) => `${prefix}.dropped.${uuid}`,
    compared: (unique) => `${prefix}.compared.${unique}`,
    owns: (name) => name.startsWith(`${prefix}.`),
  };
}
