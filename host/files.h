// What a power cut or a full disk does to files, and what can be done about it.  Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace pare::host {

// Waits until the bytes of a file, or the names in a folder, are on the disk.  False: errno says
// why.
bool sync_file(const std::filesystem::path& file);
bool sync_folder(const std::filesystem::path& folder);
// Every file below the folder, with what else its file system holds back (syncfs(2)).
bool sync_tree(const std::filesystem::path& folder);

// What this process may still write where `path` is; nullopt if the system does not say.
std::optional<std::int64_t> free_bytes(const std::filesystem::path& path);

}  // namespace pare::host
