// Where `pare up` keeps what it keeps, unless it is told otherwise.
#pragma once

#include <filesystem>

namespace pare::cli {

// As root the database belongs to another user, who cannot enter root's home.
std::filesystem::path default_data_folder();

}  // namespace pare::cli
