'use strict';
/* The Notifications page of IM and Presence Administration, behind the form login of its Tomcat (Jakarta Servlet
 * 13.6.3): who has no session gets the form in the place of the page, under the page's address; the form leads to
 * j_security_check, and that back to the page, with a new session, or to the error page. */

const {cookies} = require('./accounts.js');
const {escape, send, sendError} = require('./reply.js');

const PAGE = '/cupadmin/notificationsFindList.do';
const CHECK = '/cupadmin/j_security_check';
const HTML = 'text/html;charset=UTF-8';
const COLUMNS = ['severity', 'count', 'description', 'origin', 'created'];

function cookie(value) {
    return {'Set-Cookie': `JSESSIONID=${value}; Path=/cupadmin; Secure; HttpOnly`};
}

function form(message) {
    return `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<HTML><HEAD><TITLE>Cisco Unified CM IM and Presence Administration</TITLE>
<META HTTP-EQUIV=Content-Type CONTENT="text/html; charset=UTF-8"></HEAD>
<BODY onload="document.logonForm.j_username.focus()"><TABLE border=0><TR><TD>${escape(message)}
<FORM name=logonForm method=post action=j_security_check autocomplete=off>
<INPUT type=hidden name=appNav value="cupadmin">
<P>Username<BR><INPUT type=text name=j_username maxlength=128>
<P>Password<BR><INPUT type=password name=j_password maxlength=128>
<P><INPUT type=submit value=Login> <INPUT type=reset value=Reset>
</FORM></TABLE></BODY></HTML>`;
}

/* A cell: text; a description is HTML already, unless the row says that its markup is to be shown as text. */
function cell(row, column) {
    const value = row[column] === undefined || row[column] === null ? '' : row[column];
    return column === 'description' && !row.escaped ? value : escape(value);
}

/* Tables in tables, nothing closed that browsers do not need closed, a script with a table in it. */
function page(rows) {
    const lines = rows.map((row, number) => `<tr class=cuesTableRow${number % 2 ? 'Odd' : 'Even'}>
<td><input type=checkbox name=row${number}>` + COLUMNS.map(column => `<td>&nbsp;${cell(row, column)}`).join('\n'));
    return `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<HTML><HEAD><TITLE>Find and List Notifications</TITLE>
<SCRIPT>document.write("<table><tr><th>Severity<th>Description<tr><td>Emergency<td>not a row</table>");</SCRIPT>
<BODY bgcolor=#ffffff><!-- <table><tr><th>Severity</th></tr></table> -->
<TABLE width=100% border=0><TR><TD><B>System &gt; Notifications</B><TD align=right>${rows.length} records found
<TR><TD colspan=2><FORM action=notificationsFindList.do method=post>
<TABLE class=cuesTableBg cellspacing=0><TR class=cuesTableHeader><TH>&nbsp;
<TH><a href="?sort=1">Severity</a><TH>Count<TH><b>Description</b><TH>Origin<TH nowrap>Created
${lines.join('\n')}
</TABLE></FORM></TABLE></BODY></HTML>`;
}

/* The session of the request, or undefined. */
function session(node, request) {
    const id = cookies(request).get('JSESSIONID');
    return id === undefined ? undefined : node.pageSessions.get(id);
}

function open(node, state) {
    const id = node.accounts.open(null);
    node.pageSessions.set(id, {id, ...state});
    return id;
}

function showForm(node, response, known) {
    const headers = known ? {} : cookie(open(node, {account: null, saved: PAGE}));
    if (known) {
        known.saved = PAGE;
    }
    send(response, 200, HTML, form('Sign in'), headers);
}

function showPage(node, request, response) {
    const known = session(node, request);
    if (!known || known.account === null || node.accounts.of(known.id) === undefined) {
        showForm(node, response, known && node.accounts.of(known.id) !== undefined ? known : undefined);
        return;
    }
    if (!node.accounts.may(known.account, 'page')) {
        sendError(response, 403, 'Access to the requested resource has been denied');
        return;
    }
    const control = node.control().page;
    send(response, 200, HTML, control.body === undefined ? page(control.rows) : control.body);
}

function logIn(node, request, body, response) {
    const sent = new URLSearchParams(body.toString('utf8'));
    const login = {account: sent.get('j_username') || '', password: sent.get('j_password') || ''};
    const accepted = node.accounts.judge('page', login);
    const known = session(node, request);
    if (!known || node.accounts.of(known.id) === undefined) {
        sendError(response, 408, 'The time allowed for the login process has been exceeded.');
    } else if (!accepted) {
        send(response, 200, HTML, form('Log on failed - Invalid User ID or Password'));
    } else if (!known.saved) {
        sendError(response, 400, 'Invalid direct reference to form login page');
    } else {
        node.pageSessions.delete(known.id); // the session gets a new name with the login
        node.accounts.close(known.id);
        const id = open(node, {account: login.account});
        send(response, 302, HTML, '', {...cookie(id), Location: `https://${request.headers.host}${known.saved}`});
    }
}

/* Whether it is for here. */
function owns(path) {
    return path.startsWith('/cupadmin/');
}

/* Answers a request below /cupadmin/, whose body has been read. */
function answer(node, path, request, body, response) {
    if (path === PAGE && request.method === 'GET') {
        showPage(node, request, response);
    } else if (path === CHECK && request.method === 'POST') {
        logIn(node, request, body, response);
    } else {
        sendError(response, 404, path);
    }
}

module.exports = {answer, owns};
