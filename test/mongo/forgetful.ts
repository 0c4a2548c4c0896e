import { type Db, MongoServerError } from 'mongodb';

/** A database whose server does not know any more what was written: an oplog that really is too short has to be written full first. */
export function forgetful(db: Db): Db {
  const watch = () => {
    throw new MongoServerError({ message: 'resume point is gone', code: 286 });
  };
  return new Proxy(db, {
    get(db, key) {
      const value = key === 'watch' ? watch : Reflect.get(db, key, db);
      return typeof value === 'function' ? value.bind(db) : value;
    },
  });
}
