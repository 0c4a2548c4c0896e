import { expect, test } from 'vitest';
import { hostsOf } from '../../src/mongo/hosts.ts';

test.each([
  ['mongodb://Db1.example.com/shop', ['db1.example.com:27017']],
  ['mongodb://a:1,b,[::1],[::2]:5/?replicaSet=x', ['a:1', 'b:27017', '[::1]:27017', '[::2]:5']],
  ['mongodb://user:p%40ss@a:1,b:2', ['a:1', 'b:2']],
  ['mongodb://user:p@ss@a:1/x', ['a:1']],
  ['mongodb+srv://user:p@cluster0.abc.mongodb.net/shop', ['cluster0.abc.mongodb.net']],
  ['postgres://a', []],
  ['', []],
])('%s names %j', (uri, hosts) => {
  expect(hostsOf(uri)).toEqual(hosts);
});
