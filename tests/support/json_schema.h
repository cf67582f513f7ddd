// A JSON Schema that documents are held against, by valijson (it reads draft 7; what the API's
// description uses of 2020-12 means the same there).
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace pare {

class JsonSchema {
 public:
  // `parts`: what "#/components/schemas/NAME" refers to.
  JsonSchema(const nlohmann::ordered_json& schema,
             const std::map<std::string, nlohmann::ordered_json>& parts);
  ~JsonSchema();
  JsonSchema(const JsonSchema&) = delete;
  JsonSchema& operator=(const JsonSchema&) = delete;

  // Why the document is not what the schema says, and where; empty: it is.
  std::string why_not(const nlohmann::json& document) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pare
