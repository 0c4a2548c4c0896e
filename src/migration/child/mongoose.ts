import type { MongoClient } from 'mongodb';
import { ReleaseError } from '../../observe/error.ts';

interface Schema {
  set(option: string, value: unknown): unknown;
}

interface Connection {
  readonly readyState: number;
  readonly name?: string;
  readonly models: Readonly<Record<string, unknown>>;
  setClient?(client: MongoClient): unknown;
}

/** What is used of Mongoose, 6 to 9. */
export interface Mongoose {
  readonly connections: readonly Connection[];
  set(option: string, value: unknown): unknown;
  plugin(plugin: (schema: Schema) => void): unknown;
}

const automatic = ['autoIndex', 'autoCreate', 'autoSearchIndex'];

/**
 * Keeps Mongoose from building indexes and making collections behind the migration's back. Schemas that ask for it
 * themselves are overruled when their model is compiled, which is why this comes before any model.
 */
export function prepareMongoose(mongoose: Mongoose): void {
  for (const option of automatic) {
    try {
      mongoose.set(option, false);
    } catch {
      // An option that this version does not know cannot do anything either.
    }
  }
  mongoose.plugin((schema) => {
    for (const option of automatic) schema.set(option, false);
  });
}

const disconnected = 0;

/** Whether no connection of this Mongoose is open or being opened. */
export function isUnconnected({ connections }: Mongoose): boolean {
  return connections.every(({ readyState }) => readyState === disconnected);
}

/** Gives every unconnected connection of this Mongoose the gated client. */
export function bindMongoose(mongoose: Mongoose, client: MongoClient): void {
  for (const connection of mongoose.connections) {
    if (connection.readyState !== disconnected) continue;
    if (connection.setClient === undefined) {
      throw new ReleaseError('MODELS_INVALID', "The project's Mongoose cannot use a client that is already there.", {
        hint: 'Update mongoose to version 6 or newer.',
      });
    }
    connection.setClient(client);
  }
}

/** All models of this Mongoose by name. */
export function modelsOf(mongoose: Mongoose): Record<string, unknown> {
  const models: Record<string, unknown> = {};
  // The default connection comes first and wins.
  for (const connection of [...mongoose.connections].reverse()) Object.assign(models, connection.models);
  return models;
}

/** The models that a module exports, also inside its default export, by the name they are exported under. */
export function exportedModels(exports: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const models: Record<string, unknown> = {};
  const inner = exports.default;
  const sources = typeof inner === 'object' && inner !== null ? [inner, exports] : [exports];
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) if (isModel(value)) models[name] = value;
  }
  return models;
}

function isModel(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  const model = value as { modelName?: unknown; schema?: unknown };
  return typeof model.modelName === 'string' && typeof model.schema === 'object';
}
