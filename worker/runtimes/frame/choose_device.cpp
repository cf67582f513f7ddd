#include <algorithm>

#include "worker/runtimes/frame/backend.h"

namespace pare::worker {

Result<std::string> choose_device(const std::string& runtime,
                                  const std::vector<std::string>& devices,
                                  const std::string& wanted) {
  if (devices.empty()) {
    return Error{ErrorCode::kUnsupported, runtime + " finds no device on this machine"};
  }
  if (wanted.empty()) return devices.front();
  if (std::ranges::find(devices, wanted) != devices.end()) return wanted;
  return Error{ErrorCode::kUnsupported, runtime + " has no device " + wanted + " here"};
}

}  // namespace pare::worker
