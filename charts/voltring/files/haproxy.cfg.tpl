{{- /*
The router: HAProxy 3.2.7 or later (written for 3.2 LTS, valid in 2.6). Rendered with one flat set of values:

  fleet, namespace, clusterDomain   names of the nodes: <fleet>-node-<i>.<fleet>-node.<namespace>.svc.<clusterDomain>
  maxNodes                          server lines: the fleet's largest number of nodes
  ocppPort, adminPort               of the nodes
  nodeService                       the headless Service; it must publish addresses that are not ready
  listen                            where the router listens: "*"
  plainPort, tlsPort                for chargers; "" or 0 leaves one out
  adminListen, metricsPort          /metrics, /healthz, /readyz
  runtimeSocket                     path of the runtime socket, which pacing.py talks to from a container beside this one
  certificate                       path of the certificate; its key is beside it as <certificate>.key
  clientCertificates                "", "optional" or "required" (security profile 3)
  clientCa, clientCrl               paths; clientCrl "" checks no revocations
  acceptProxy                       whether a load balancer in front speaks the PROXY protocol
  maxConnections                    open sockets of one router
  connectionsPerSecond              accepted by one router; more wait in the kernel's queue
  connectionsPerSource              admitted from one address in 10 s; 0: no limit
  stopSeconds                       over which a router that ends lets its chargers go
  nameserver                        "" asks those of /etc/resolv.conf

Only `if`, `else`, `end`, `range ... until`, `add` and plain values are used, so that tests can render it without Helm.
*/ -}}
global
    log stdout format raw local0 info
    maxconn {{ .maxConnections }}
    stats socket {{ .runtimeSocket }} mode 600 level admin
    stats timeout 1h
    # pacing.py closes sockets over that time; what is left then goes at once.
    hard-stop-after {{ add .stopSeconds 15 }}s
    spread-checks 5
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    # The last two are asked of chargers by OCPP 2.0.1 (A00.FR.318); some can nothing else.
    ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:AES128-GCM-SHA256:AES256-GCM-SHA384
    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
    # Some chargers look for these as HTTP's examples write them.
    h1-case-adjust connection Connection
    h1-case-adjust upgrade Upgrade
    h1-case-adjust sec-websocket-accept Sec-WebSocket-Accept
    h1-case-adjust sec-websocket-protocol Sec-WebSocket-Protocol
    h1-case-adjust sec-websocket-extensions Sec-WebSocket-Extensions
    h1-case-adjust www-authenticate WWW-Authenticate
    h1-case-adjust retry-after Retry-After
    h1-case-adjust content-type Content-Type
    h1-case-adjust content-length Content-Length

resolvers cluster
{{- if .nameserver }}
    nameserver given {{ .nameserver }}
{{- else }}
    parse-resolv-conf
{{- end }}
    accepted_payload_size 8192
    resolve_retries 3
    timeout resolve 1s
    timeout retry 1s
    hold valid 1s
    hold nx 5s
    hold obsolete 5s
    # A name server that is away says nothing of the nodes: their addresses stay, the checks decide.
    hold timeout 24h
    hold refused 24h
    hold other 24h

defaults
    mode http
    log global
    option dontlognull
    # A node that has died refuses for a second or two before it is known to be down. A handshake waits for that, a
    # second between two tries: sent on at once it would go to the next node on the ring, which is not the charger's.
    retries 4
    option redispatch -1
    retry-on conn-failure
    timeout http-request 15s
    timeout http-keep-alive 5s
    timeout client 30s
    timeout connect 3s
    timeout queue 5s
    # A node that is slow to answer is no dead one: to be taken for one costs all of its sockets.
    timeout check 5s
    # A handshake waits up to 5 s at a node's gate and 8 s for PostgreSQL.
    timeout server 30s
    # Open sockets: a node pings whoever is silent for 30 s and closes what stays silent; this must never be first.
    timeout tunnel 1h
    timeout client-fin 10s
    timeout server-fin 10s
    http-error status 503 content-type text/plain string "no node is ready: try again later\n" hdr Retry-After 10

frontend chargers
{{- if .plainPort }}
    bind {{ .listen }}:{{ .plainPort }} tcp-ut 30s{{ if .acceptProxy }} accept-proxy{{ end }}
{{- end }}
{{- if .tlsPort }}
    bind {{ .listen }}:{{ .tlsPort }} tcp-ut 30s{{ if .acceptProxy }} accept-proxy{{ end }} ssl crt {{ .certificate }} alpn http/1.1{{ if .clientCertificates }} verify {{ .clientCertificates }} ca-file {{ .clientCa }}{{ if .clientCrl }} crl-file {{ .clientCrl }}{{ end }}{{ end }}
{{- end }}
    maxconn {{ .maxConnections }}
    rate-limit sessions {{ .connectionsPerSecond }}
{{- if .connectionsPerSource }}
    # Who is turned away does not count: chargers behind one address get in at the limit's pace, however they insist.
    tcp-request connection reject if { src,table_conn_rate(sources) ge {{ .connectionsPerSource }} }
    tcp-request connection track-sc0 src table sources
{{- end }}
    option h1-case-adjust-bogus-client
    log-format "%ci:%cp %ft %b/%s %Tw/%Tc/%Tt %ST %B %ts %sc/%rc %{+Q}[var(txn.charger)]"
    http-request set-var(txn.charger) path,word(-1,/)
    # What only the router may say of a charger is never taken from it.
    http-request del-header x-voltring- -m beg
    http-request del-header forwarded
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto http{{ if .tlsPort }} unless { ssl_fc }
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Voltring-Tls %[ssl_fc_protocol] if { ssl_fc }
{{- if .clientCertificates }}
    acl has_certificate ssl_c_used
    acl is_verified ssl_c_verify 0
    http-request set-header X-Voltring-Client-Subject %[ssl_c_s_dn(,0,rfc2253)] if has_certificate is_verified
    http-request set-header X-Voltring-Client-Name %[ssl_c_s_dn(CN)] if has_certificate is_verified
    http-request set-header X-Voltring-Client-Issuer %[ssl_c_i_dn(,0,rfc2253)] if has_certificate is_verified
    http-request set-header X-Voltring-Client-Serial %[ssl_c_serial,hex] if has_certificate is_verified
    http-request set-header X-Voltring-Client-Sha256 %[ssl_c_der,sha2(256),hex] if has_certificate is_verified
{{- end }}{{ end }}
    http-request return status 404 content-type text/plain string "chargers connect to /ocpp/{charger_id}\n" unless { path -m sub /ocpp/ }
    default_backend nodes

{{- if .connectionsPerSource }}

backend sources
    stick-table type ipv6 size 100k expire 30s store conn_rate(10s)
{{- end }}

backend nodes
    # The charger's id decides alone: the last part of the path, decoded, in small letters. What is before it, a query,
    # or another spelling of the same id moves nobody. domain/placement.py works out the same.
    balance hash path,word(-1,/),url_dec,lower
    hash-type consistent sdbm avalanche
    # 404: sockets stay, new ones go elsewhere.
    option httpchk GET /readyz
    http-check disable-on-404
    default-server check port {{ .adminPort }} inter 1s fastinter 500ms downinter 1s fall 3 rise 1 weight 256 maxconn 0 resolvers cluster resolve-prefer ipv4 init-addr none on-marked-down shutdown-sessions
    # One line for each ordinal there may ever be: ids decide the ring, and those without an address take no keys.
{{- range $i := until (int .maxNodes) }}
    server node-{{ $i }} {{ $.fleet }}-node-{{ $i }}.{{ $.nodeService }}.{{ $.namespace }}.svc.{{ $.clusterDomain }}:{{ $.ocppPort }} id {{ add $i 1 }}
{{- end }}

frontend admin
    bind {{ .adminListen }}:{{ .metricsPort }}
    # The second says nothing without the first: each probe would be a line "Connect from".
    option httplog
    option dontlog-normal
    http-request use-service prometheus-exporter if { path /metrics }
    # Ready also when no node is: an endpoint that is taken away may lose its open sockets.
    http-request return status 200 content-type text/plain string "ok\n" if { path /healthz /readyz }
    http-request return status 404 content-type text/plain string "there is nothing here\n"
