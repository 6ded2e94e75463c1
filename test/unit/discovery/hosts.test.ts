import { describe, expect, it } from 'vitest';
import { createHostRule } from '../../../src/discovery/hosts.js';

const rule = (...allowHosts: string[]) => createHostRule({ seeds: new Set(['shop.example']), allowHosts });

describe('createHostRule', () => {
  it('lets links lead to the discovered hosts, whatever the port', () => {
    expect(rule()('https://shop.example/a')).toBe(true);
    expect(rule()('http://shop.example:8080/a')).toBe(true);
    expect(rule()('http://other.example/')).toBe(false);
    expect(rule()('http://shop.example.evil/')).toBe(false);
  });

  it('takes names and suffixes of the target, in any case', () => {
    const allowed = rule('IMG.example', '*.cdn.example');
    expect(allowed('http://img.example/')).toBe(true);
    expect(allowed('http://a.b.cdn.example/')).toBe(true);
    expect(allowed('http://cdn.example/')).toBe(false);
    expect(allowed('http://evilcdn.example/')).toBe(false);
  });

  it('holds a host with a port to that port', () => {
    const allowed = rule('api.example:8443', 'old.example:80', '*.cdn.example:81', '[::1]:4000');
    expect(allowed('https://api.example:8443/a')).toBe(true);
    expect(allowed('https://api.example/a')).toBe(false);
    expect(allowed('http://old.example/')).toBe(true);
    expect(allowed('https://old.example/')).toBe(false);
    expect(allowed('http://a.cdn.example:81/')).toBe(true);
    expect(allowed('http://a.cdn.example/')).toBe(false);
    expect(allowed('http://[::1]:4000/')).toBe(true);
  });
});
