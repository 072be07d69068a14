/* A scripted AgentX master (RFC 2741) at a unix socket, for one subagent: it answers every PDU with "no error". What
 * does not go as it should ends the process: it plays in processes of their own, where cmocka's assertions are of no
 * use. */
#ifndef TESTS_AGENTX_SCRIPT_H
#define TESTS_AGENTX_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* Listens with so long a backlog. `path` is filled with the socket's path. */
int agentx_listen(int backlog, char path[64]);
/* Takes the connection and answers until the subagent has registered. The connection. */
int agentx_accept(int listener);
/* Answers until the subagent has asked whether the master is alive. */
void agentx_await_ping(int connection);
/* Asks for the object, dotted numbers, without waiting for the answer. False: there is no room for the question. */
bool agentx_ask(int connection, const char *object);
/* Asks for the object and waits for the answer; its value as text. */
void agentx_get(int connection, const char *object, char *text, size_t size);
/* Answers until a notification comes; its variables as text, a line each: dotted name, '=', value. */
void agentx_await_notify(int connection, char *text, size_t size);

#endif
