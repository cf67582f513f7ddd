// Brings a database to the schema that this version of Pare speaks (sql/migrations).
//
// Each migration is one transaction together with its line in schema_version; an advisory lock
// makes coordinators that start at once wait for each other.  A database that is newer than this
// program is kUnsupported, and is left alone.
//
// A database that has a leader is changed by whoever leads, and by nobody else: another coordinator
// may be at work on it, of a version that speaks the schema as it is.
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

// The same for a database where nobody can lead yet: an empty one, or one from before there were
// leaders.  Any other is left as it is.  Returns the number that the database has now.
Result<int> set_up(const std::string& url);

// What kUnsupported says of a database with a schema that this program does not know.
Error unknown_schema(int number);

}  // namespace pare::coordinator
