/*
 * Attributes of mitmproxy's objects that the exporter reads, as interned
 * strings.
 */
#ifndef MF_EXPORTER_NAMES_H
#define MF_EXPORTER_NAMES_H

#define MF_NAME_MAP(X)      \
    X(_cert)                \
    X(_value_)              \
    X(additionals)          \
    X(address)              \
    X(alpn)                 \
    X(alpn_offers)          \
    X(answers)              \
    X(authoritative_answer) \
    X(authorities)          \
    X(authority)            \
    X(certificate_list)     \
    X(cipher)               \
    X(cipher_list)          \
    X(class_)               \
    X(client)               \
    X(client_conn)          \
    X(close_code)           \
    X(close_reason)         \
    X(closed_by_client)     \
    X(comment)              \
    X(conn)                 \
    X(content)              \
    X(context)              \
    X(data)                 \
    X(dropped)              \
    X(error)                \
    X(fields)               \
    X(from_client)          \
    X(full_spec)            \
    X(headers)              \
    X(host)                 \
    X(http_version)         \
    X(id)                   \
    X(injected)             \
    X(intercepted)          \
    X(is_replay)            \
    X(live)                 \
    X(marked)               \
    X(messages)             \
    X(metadata)             \
    X(method)               \
    X(mitmcert)             \
    X(msg)                  \
    X(name)                 \
    X(op_code)              \
    X(path)                 \
    X(peername)             \
    X(port)                 \
    X(pretty_url)           \
    X(proxy_mode)           \
    X(query)                \
    X(questions)            \
    X(reason)               \
    X(recursion_available)  \
    X(recursion_desired)    \
    X(request)              \
    X(reserved)             \
    X(response)             \
    X(response_code)        \
    X(scheme)               \
    X(server)               \
    X(server_conn)          \
    X(sni)                  \
    X(sockname)             \
    X(state)                \
    X(status_code)          \
    X(stream)               \
    X(timestamp)            \
    X(timestamp_created)    \
    X(timestamp_end)        \
    X(timestamp_start)      \
    X(timestamp_tcp_setup)  \
    X(timestamp_tls_setup)  \
    X(tls)                  \
    X(tls_version)          \
    X(trailers)             \
    X(transport_protocol)   \
    X(truncation)           \
    X(ttl)                  \
    X(type)                 \
    X(via)                  \
    X(websocket)

#define MF_NAME_ENUM(name) MF_NAME_##name,
enum mf_name { MF_NAME_MAP(MF_NAME_ENUM) MF_NAME_COUNT };
#undef MF_NAME_ENUM

#endif
