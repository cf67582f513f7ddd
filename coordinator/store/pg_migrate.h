// Brings a database to the schema that this version of Pare speaks (sql/migrations).
//
// Each migration is one transaction together with its line in schema_version; an advisory lock
// makes coordinators that start at once wait for each other.  A database that is newer than this
// program is kUnsupported, and is left alone.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"

namespace pare::coordinator {

// The number of the newest migration.
int newest_schema() noexcept;

// Up or down to `number`, step by step.  Returns the number that the database had before.
Result<int> migrate_to(const std::string& url, int number);

// Up to the newest.
Result<int> migrate(const std::string& url);

}  // namespace pare::coordinator
