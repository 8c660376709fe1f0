/*
 * gate.h - what every request passes before its route's handler: sizes, form, token, scope, in that
 * order.
 */
#ifndef FERMATA_API_GATE_H
#define FERMATA_API_GATE_H

struct call;

/* Fills the call and runs the route's handler, or answers the refusal. */
void gate_pass(struct call *call);

#endif
