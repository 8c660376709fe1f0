/*
 * place.c - the tree of an execution, asked before its job is handed to a lane.
 */
#include "front/place.h"

#include "front/reader.h"
#include "store/executions.h"

int64_t place_find(const char *store_name, const char *operator_name, const char *plan_execution_id)
{
    int64_t root_id = 0, execution_id;
    struct store store;
    enum err err = reader_glance(store_name, &store);

    if (err)
        return 0;
    err = executions_find(&store, operator_name, plan_execution_id, &root_id, &execution_id);
    reader_glanced(err == ERR_EXECUTION_NOT_FOUND ? ERR_OK : err);
    return err ? 0 : root_id;
}
