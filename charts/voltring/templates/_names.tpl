{{- /*
Every object's name, and its labels. Names and selectors never change over upgrades: tests/chart holds them.

  voltring.fullname      the fleet's name and the beginning of all others
  voltring.labels        (dict "root" $ "room" "api") labels of an object
  voltring.selector      (dict "root" $ "room" "api") labels by which pods are found
  voltring.image         (dict "root" $ "room" "api") an image of a room
*/ -}}

{{- define "voltring.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "voltring.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else if contains (include "voltring.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "voltring.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "voltring.selector" -}}
app.kubernetes.io/name: {{ include "voltring.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .room }}
{{- end }}

{{- define "voltring.labels" -}}
{{ include "voltring.selector" . }}
app.kubernetes.io/part-of: voltring
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "voltring.image" -}}
{{ .root.Values.image.repository }}/{{ .room }}:{{ default .root.Chart.AppVersion .root.Values.image.tag }}
{{- end }}

{{- define "voltring.secret.tokens" -}}
{{ default (printf "%s-tokens" (include "voltring.fullname" .)) .Values.secrets.existingSecret }}
{{- end }}

{{- define "voltring.secret.embedded" -}}
{{ include "voltring.fullname" . }}-embedded
{{- end }}

{{- define "voltring.secret.certificate" -}}
{{ default (printf "%s-router-tls" (include "voltring.fullname" .)) .Values.router.tls.existingSecret }}
{{- end }}
