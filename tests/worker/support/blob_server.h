// A small real HTTP server with the blob routes of docs/api.md, and a memory of what was asked.
//
// Listens on a port of the system's choice from the constructor to the destructor.  Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace httplib {
class Server;
}

namespace pare::worker::test {

class BlobServer {
 public:
  BlobServer();
  ~BlobServer();
  BlobServer(const BlobServer&) = delete;
  BlobServer& operator=(const BlobServer&) = delete;

  std::string url() const;
  std::string put(const std::string& bytes);  // returns the name
  std::string blob(const std::string& sha256) const;
  // Answers the GETs of this blob with other bytes.
  void spoil(const std::string& sha256);
  // The next `times` GETs break off after this many bytes of what they would send.
  void break_off(std::size_t bytes, int times);
  // The next `times` requests get a 503.
  void be_away(int times) { away_ = times; }

  int gets() const { return gets_; }
  int puts() const { return puts_; }
  std::vector<std::string> ranges() const;  // of the GETs, "" without

 private:
  struct Thread;

  std::unique_ptr<httplib::Server> server_;
  std::unique_ptr<Thread> thread_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> blobs_;
  std::vector<std::string> ranges_;
  std::size_t break_after_ = 0;
  int breaks_ = 0;
  std::atomic<int> away_ = 0, gets_ = 0, puts_ = 0;
};

}  // namespace pare::worker::test
