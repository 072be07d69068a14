'use strict';
/* Who may log in to a node, who did, and the sessions that came of it. */

const crypto = require('crypto');
const fs = require('fs');

/* Appends one line of JSON. */
function append(file, line) {
    fs.appendFileSync(file, JSON.stringify(line) + '\n');
}

/* The cookies of a request: name -> value. */
function cookies(request) {
    const pairs = (request.headers.cookie || '').split(';').map(pair => pair.trim().split('='));
    return new Map(pairs.map(([name, ...value]) => [name, value.join('=')]));
}

/* {account, password} of Basic authentication (RFC 7617, UTF-8), or null. */
function basic(request) {
    const found = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization || '');
    if (!found) {
        return null;
    }
    const text = Buffer.from(found[1], 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon < 0 ? null : {account: text.slice(0, colon), password: text.slice(colon + 1)};
}

class Accounts {
    /* `control()` gives the node's control data; each login attempt becomes a line of the file `log`. */
    constructor(node, control, log) {
        this.node = node;
        this.control = control;
        this.log = log;
        this.sessions = new Map(); // cookie -> account
        this.epoch = undefined;
    }

    /* Judges a login attempt, and records it. */
    judge(service, {account, password}) {
        const known = Object.hasOwn(this.control().accounts, account) ? this.control().accounts[account] : null;
        const accepted = known !== null && known.password === password;
        append(this.log, {node: this.node, service, account, accepted});
        return accepted;
    }

    /* Whether the account has the role: "axl", "control_center", "page". */
    may(account, role) {
        return !(this.control().accounts[account].without || []).includes(role);
    }

    /* A changed "session_epoch" in the control data ends all sessions, as a restart of Tomcat does. */
    checkEpoch() {
        if (this.control().session_epoch !== this.epoch) {
            this.epoch = this.control().session_epoch;
            this.sessions.clear();
        }
    }

    /* The value of the session cookie. */
    open(account) {
        this.checkEpoch();
        const cookie = crypto.randomBytes(16).toString('hex').toUpperCase();
        this.sessions.set(cookie, account);
        return cookie;
    }

    /* The account of the session, or undefined. */
    of(cookie) {
        this.checkEpoch();
        return this.sessions.get(cookie);
    }

    close(cookie) {
        this.sessions.delete(cookie);
    }
}

module.exports = {Accounts, append, basic, cookies};
