// Whose fault it is, by what PostgreSQL says.
#include <gtest/gtest.h>

#include <new>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "coordinator/store/pg_errors.h"

namespace pare::coordinator {
namespace {

TEST(PgErrors, a_state_of_postgresql_says_whose_fault_it_is) {
  struct Case {
    const char* state;
    ErrorCode code;
  };
  for (const Case& one : {Case{"23505", ErrorCode::kConflict},
                          {"23503", ErrorCode::kNotFound},
                          {"22P02", ErrorCode::kInvalidArgument},
                          {"54001", ErrorCode::kInvalidArgument},
                          {"53100", ErrorCode::kResourceExhausted},
                          {"53200", ErrorCode::kResourceExhausted},
                          {"53300", ErrorCode::kUnavailable},
                          {"08006", ErrorCode::kUnavailable},
                          {"40P01", ErrorCode::kUnavailable},
                          {"55P03", ErrorCode::kUnavailable},
                          {"57014", ErrorCode::kUnavailable},
                          {"57P03", ErrorCode::kUnavailable},
                          {"25006", ErrorCode::kUnavailable},
                          {"42601", ErrorCode::kInternal},
                          {"42501", ErrorCode::kInternal},
                          {"42P01", ErrorCode::kInternal},
                          {"XX001", ErrorCode::kInternal}}) {
    EXPECT_EQ(code_of_sqlstate(one.state), one.code) << one.state;
  }
}

TEST(PgErrors, what_cannot_be_read_is_ours_and_does_not_cost_the_connection) {
  const auto rubbish = [] {
    try {
      return nlohmann::json::parse("{").get<int>();
    } catch (const std::exception& thrown) {
      const PgFailure failure = classify(thrown);
      EXPECT_EQ(failure.error.code, ErrorCode::kInternal);
      EXPECT_FALSE(failure.broken);
      EXPECT_FALSE(failure.again);
      return 0;
    }
  };
  rubbish();
  const PgFailure failure = classify(pqxx::conversion_error("there is no \"weigh\" here"));
  EXPECT_EQ(failure.error.code, ErrorCode::kInternal);
  EXPECT_FALSE(failure.broken);
  EXPECT_NE(failure.error.message.find("weigh"), std::string::npos);
}

TEST(PgErrors, no_memory_here_is_a_want_of_room_and_a_dead_connection_is_tried_again) {
  EXPECT_EQ(classify(std::bad_alloc()).error.code, ErrorCode::kResourceExhausted);
  const PgFailure dead = classify(pqxx::broken_connection("server closed the connection\n"));
  EXPECT_EQ(dead.error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(dead.error.message, "database: server closed the connection");
  EXPECT_TRUE(dead.broken);
  EXPECT_TRUE(dead.again);
  EXPECT_FALSE(classify(pqxx::in_doubt_error("commit")).again) << "it may have been made";
}

}  // namespace
}  // namespace pare::coordinator
