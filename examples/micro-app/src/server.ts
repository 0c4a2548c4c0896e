import type { AddressInfo } from 'node:net';
import mongoose from 'mongoose';
import { createApp } from './app.ts';

const { MONGODB_URI, PORT = '3000' } = process.env;
if (!MONGODB_URI) {
  console.error('Set MONGODB_URI, for example mongodb://127.0.0.1:27017/micro-app');
  process.exit(2);
}

// Without a connection a request is answered at once, instead of waiting for one: /healthz says 503.
mongoose.set('bufferCommands', false);
await mongoose.connect(MONGODB_URI, { serverSelectionTimeoutMS: 2000 });
const app = createApp().listen(Number(PORT), () => {
  console.log(`micro-app listens on port ${(app.address() as AddressInfo).port}`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => app.close(() => mongoose.disconnect()));
}
