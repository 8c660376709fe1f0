/*
 * views_read.h - the store's pages, as the API may read them: on a read-only connection, changing
 * nothing.
 */
#ifndef FERMATA_ENGINE_VIEWS_READ_H
#define FERMATA_ENGINE_VIEWS_READ_H

#include "store/plans.h"
#include "store/views.h"

#endif
